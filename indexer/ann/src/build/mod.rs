//! Building a graph by the paper's insertion (Malkov & Yashunin 2018, Algorithms 1 and 4), in parallel and with the
//! same result at any number of threads.
//!
//! Nodes are inserted in batches, each a thirty-second part of what is there already, as in ParlayANN (Dobson et al. 2023, "prefix
//! doubling"): every node of a batch looks for its neighbours in the graph as it was before the batch, then all links
//! back are made, in the order of their targets. Which thread does what cannot change anything.
//!
//! hnsw_rs can build the graph instead ([`Builder::HnswRs`]); what is written and searched is the same file.
//!
//! Rows with equal codes are one node (the module `groups`).
//!
//! The highest layers come first, so that the nodes of a layer are the first ones of the order and need no table. All
//! distances are taken between codes: building is as fast as searching, and the vectors in full are not needed.

mod freeze;
mod groups;
mod hnsw_rs;
mod insert;
mod levels;
mod links;
mod reach;
mod select;

use rayon::prelude::*;

use crate::builder::Builder;
use crate::codes::{Coder, Codes};
use crate::graph::ContextPool;
use crate::lines::Lines;
use crate::metric::Metric;
use crate::rows::Rows;
use crate::simd::{CodeRows, Isa};
use crate::walk::Space;
pub use freeze::Frozen;
use groups::Groups;
use links::Links;

/// How a graph is built.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// `M`: neighbours per node and layer, twice as many on layer 0.
    pub m: usize,
    /// `efConstruction`: candidates kept while a node is inserted.
    pub ef_construction: usize,
    /// What near means.
    pub metric: Metric,
    /// What a walk reads.
    pub codes: Codes,
    /// Who links the rows.
    pub builder: Builder,
}

/// A batch is one of so many parts of what is there.
const BATCH_PART: usize = 32;
/// Nodes of a batch at most, so that there is news of the progress.
const LARGEST_BATCH: usize = 8192;

/// What is being built, with the codes that distances are taken between.
struct Building {
    parameters: Parameters,
    groups: Groups,
    /// The group of each node; nodes are numbered in the order of their insertion.
    order: Vec<u32>,
    coder: Coder,
    codes: Lines,
    biases: Vec<f32>,
    links: Links,
    contexts: ContextPool,
}

/// Links the rows to a graph, in all threads of rayon's current pool.
///
/// `progress` hears how many more rows are in, and says whether to go on; nothing is returned when it says no.
///
/// # Panics
/// There are no rows, or 2³¹ or more, or hnsw_rs is asked for [`Metric::Dot`].
pub fn build(
    rows: Rows<'_>,
    parameters: Parameters,
    progress: &mut dyn FnMut(usize) -> bool,
) -> Option<Frozen> {
    assert!(
        (1..crate::walk::MOST_NODES).contains(&rows.len()),
        "{} rows",
        rows.len()
    );
    // Signs alone tell too little to choose neighbours by.
    let codes = match parameters.codes {
        Codes::Binary => Codes::Int8,
        codes => codes,
    };
    let coder = Coder::fit(codes, parameters.metric, rows);
    let groups = Groups::find(rows, &coder);
    if !progress(rows.len() - groups.len()) {
        return None;
    }
    let building = match parameters.builder {
        Builder::Batches => in_batches(rows, parameters, (coder, groups), progress),
        Builder::HnswRs => hnsw_rs::build(rows, parameters, (coder, groups), progress),
    };
    building.map(|building| building.freeze(rows))
}

fn in_batches(
    rows: Rows<'_>,
    parameters: Parameters,
    (coder, groups): (Coder, Groups),
    progress: &mut dyn FnMut(usize) -> bool,
) -> Option<Building> {
    let (count, mut done) = (groups.len(), 1);
    let (order, layers) = levels::order(count, parameters.m);
    let mut building = Building::start(rows, parameters, (coder, groups), (order, &layers));
    if !progress(1) {
        return None;
    }
    while done < count {
        let batch = (done / BATCH_PART).clamp(1, LARGEST_BATCH).min(count - done);
        building.insert(done..done + batch);
        done += batch;
        if !progress(batch) {
            return None;
        }
    }
    Some(building)
}

impl Building {
    /// No links yet between the groups, which are numbered in the order `order`; `layers` has the number of nodes on
    /// layer 1, on layer 2, ….
    fn start(
        rows: Rows<'_>,
        parameters: Parameters,
        (coder, groups): (Coder, Groups),
        (order, layers): (Vec<u32>, &[usize]),
    ) -> Self {
        let mut coded = Lines::default();
        let stride = coder.stride();
        let places = coded.resized(order.len() * stride).par_chunks_mut(stride);
        let row_of = |group: &u32| rows.row(groups.first(*group) as usize);
        places
            .zip(&order)
            .for_each(|(code, group)| coder.encode(row_of(group), code));
        let biases = match coder.is_biased() {
            true => coded
                .bytes()
                .par_chunks(stride)
                .map(|code| coder.bias(code))
                .collect(),
            false => Vec::new(),
        };
        Self {
            parameters,
            links: Links::new(order.len(), layers, parameters.m),
            groups,
            order,
            coder,
            codes: coded,
            biases,
            contexts: ContextPool::default(),
        }
    }

    fn space(&self) -> Space<'_> {
        Space {
            origin: None,
            rows: CodeRows {
                bytes: self.codes.bytes(),
                stride: self.coder.stride(),
            },
            scorer: Isa::detect().scorer(self.coder.codes),
            biases: &self.biases,
            count: self.order.len(),
        }
    }
}

#[cfg(test)]
mod tests;
