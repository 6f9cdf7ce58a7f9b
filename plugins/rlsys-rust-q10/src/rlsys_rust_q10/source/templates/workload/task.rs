Parameters {
    id: $id,
    name: $name,
    period: $period,
    deadline: $deadline,
    wcet: $wcet,
    offset: $offset,
},
