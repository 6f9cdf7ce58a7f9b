sched::observe::$kind(system, CAPACITY, BITS, out);
