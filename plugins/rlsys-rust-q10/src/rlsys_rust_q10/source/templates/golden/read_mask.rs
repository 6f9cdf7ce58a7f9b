
fn mask(&mut self, count: usize) -> Vec<bool> {
    self.take(count).into_iter().map(|flag| flag != 0).collect()
}
