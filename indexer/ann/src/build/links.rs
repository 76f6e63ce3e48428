//! Neighbour lists while they grow.

/// The lists of one layer, whose nodes are the first ones of all.
#[derive(Debug)]
pub(super) struct Layer {
    /// Neighbours per node that there is room for.
    pub width: usize,
    lengths: Vec<u16>,
    lists: Vec<u32>,
}

impl Layer {
    fn new(nodes: usize, width: usize) -> Self {
        Self {
            width,
            lengths: vec![0; nodes],
            lists: vec![0; nodes * width],
        }
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.lengths.len()
    }

    /// The neighbours of a node.
    #[inline(always)]
    pub fn near(&self, node: u32) -> &[u32] {
        let length = usize::from(self.lengths[node as usize]);
        &self.lists[node as usize * self.width..][..length]
    }

    /// The neighbours of all nodes.
    pub fn lists(&self) -> Vec<Vec<u32>> {
        (0..self.nodes() as u32)
            .map(|node| self.near(node).to_vec())
            .collect()
    }

    /// Whether so many more neighbours of a node fit in.
    pub fn has_room(&self, node: u32, more: usize) -> bool {
        self.near(node).len() + more <= self.width
    }

    /// Puts other neighbours in the place of a node's.
    pub fn set(&mut self, node: u32, near: impl IntoIterator<Item = u32>) {
        self.lengths[node as usize] = 0;
        self.extend(node, near);
    }

    /// Adds neighbours, as many as there is room for.
    pub fn extend(&mut self, node: u32, near: impl IntoIterator<Item = u32>) {
        let length = usize::from(self.lengths[node as usize]);
        let free = &mut self.lists[node as usize * self.width..][length..self.width];
        let mut added = 0;
        for (slot, near) in free.iter_mut().zip(near) {
            *slot = near;
            added += 1;
        }
        self.lengths[node as usize] += added;
    }
}

/// All layers, from layer 0 up.
#[derive(Debug)]
pub(super) struct Links {
    pub layers: Vec<Layer>,
}

impl Links {
    /// No links between `count` nodes; `upper` has the number of nodes on layer 1, on layer 2, ….
    pub fn new(count: usize, upper: &[usize], m: usize) -> Self {
        let above = upper.iter().map(|nodes| Layer::new(*nodes, m));
        Self {
            layers: std::iter::once(Layer::new(count, 2 * m)).chain(above).collect(),
        }
    }

    /// The highest layer of a node.
    pub fn top_of(&self, node: u32) -> usize {
        self.layers
            .iter()
            .take_while(|layer| (node as usize) < layer.nodes())
            .count()
            - 1
    }
}
