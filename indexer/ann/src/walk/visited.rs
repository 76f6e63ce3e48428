//! Marks on nodes that are all taken back at once.
//!
//! Clearing marks would cost as much as the graph is large, so each walk has a number of its own, and a mark holds
//! where it equals that number. In one byte a mark the numbers run out after 255 walks, and then they are cleared; that
//! is less than wider marks would cost in cache.

#[derive(Debug, Default)]
pub(crate) struct Visited {
    marks: Vec<u8>,
    walk: u8,
}

impl Visited {
    /// Takes all marks back and makes room for `count` nodes.
    pub fn restart(&mut self, count: usize) {
        if self.marks.len() != count || self.walk == u8::MAX {
            self.marks.clear();
            self.marks.resize(count, 0);
            self.walk = 0;
        }
        self.walk += 1;
    }

    /// Marks a node; whether it had no mark before. Nodes that do not exist count as marked.
    #[inline(always)]
    pub fn insert(&mut self, node: u32) -> bool {
        match self.marks.get_mut(node as usize) {
            Some(mark) if *mark != self.walk => {
                *mark = self.walk;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_end_with_their_walk_even_when_the_numbers_run_out() {
        let mut visited = Visited::default();
        for _ in 0..600 {
            visited.restart(2);
            assert!(visited.insert(0) && !visited.insert(0) && visited.insert(1));
            assert!(!visited.insert(2), "no such node");
        }
    }
}
