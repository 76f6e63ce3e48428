//! The crate hnsw_rs as the builder of the graph, read out through its public interface.

use hnsw_rs::prelude::{Distance, Hnsw};

use super::groups::Groups;
use super::{Building, Parameters};
use crate::codes::Coder;
use crate::graph::format::MOST_LAYERS;
use crate::metric::Metric;
use crate::rows::Rows;

/// Points inserted one after the other, so that the parallel ones find a graph to be linked to.
const SERIAL: usize = 64;
/// Points inserted between two looks at whether to go on.
const SLICE: usize = 512;

/// Never negative, which hnsw_rs takes for a mistake: rounding can make a cosine exceed 1.
struct Far(Metric);

impl Distance<f32> for Far {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        let zero = if self.0 == Metric::Euclidean { 0.0 } else { 1.0 };
        (zero - self.0.score(a, b)).max(0.0)
    }
}

/// Links the first rows of all groups; nothing where `progress` says no.
pub(super) fn build(
    rows: Rows<'_>,
    parameters: Parameters,
    (coder, groups): (Coder, Groups),
    progress: &mut dyn FnMut(usize) -> bool,
) -> Option<Building> {
    assert!(parameters.metric != Metric::Dot, "hnsw_rs needs distances");
    let Parameters {
        m, ef_construction, ..
    } = parameters;
    let hnsw = Hnsw::new(
        m,
        groups.len(),
        MOST_LAYERS,
        ef_construction,
        Far(parameters.metric),
    );
    let point = |group: usize| (rows.row(groups.first(group as u32) as usize), group);
    let points: Vec<(&[f32], usize)> = (0..groups.len()).map(point).collect();
    let (first, rest) = points.split_at(SERIAL.min(points.len()));
    first.iter().for_each(|point| hnsw.insert_slice(*point));
    if !progress(first.len()) {
        return None;
    }
    for slice in rest.chunks(SLICE) {
        hnsw.parallel_insert_slice(&slice.to_vec());
        if !progress(slice.len()) {
            return None;
        }
    }
    Some(read_out(&hnsw, rows, parameters, (coder, groups)))
}

fn read_out(
    hnsw: &Hnsw<'_, f32, Far>,
    rows: Rows<'_>,
    parameters: Parameters,
    nodes: (Coder, Groups),
) -> Building {
    let points = hnsw.get_point_indexation();
    let top = usize::from(hnsw.get_max_level_observed());
    let on_layer = |layer| points.get_layer_iterator(layer);
    let mut placed: Vec<(usize, u32)> = (0..=top)
        .flat_map(|layer| on_layer(layer).map(move |point| (layer, point.get_origin_id() as u32)))
        .collect();
    placed.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let layers: Vec<usize> = (1..=top)
        .map(|layer| placed.partition_point(|point| point.0 >= layer))
        .collect();
    let order: Vec<u32> = placed.iter().map(|point| point.1).collect();
    let mut node_of = vec![0; order.len()];
    for (node, group) in (0..).zip(&order) {
        node_of[*group as usize] = node;
    }
    let mut building = Building::start(rows, parameters, nodes, (order, &layers));
    for point in (0..=top).flat_map(on_layer) {
        let node = node_of[point.get_origin_id()];
        let lists = point.get_neighborhood_id();
        for (number, layer) in building.links.layers.iter_mut().enumerate() {
            if node as usize >= layer.nodes() {
                break;
            }
            let near = lists
                .get(number)
                .into_iter()
                .flatten()
                .map(|near| node_of[near.d_id]);
            // A list can hold points that are not on its layer, from the time of their insertion.
            let nodes = layer.nodes();
            layer.set(
                node,
                near.filter(|near| *near != node && (*near as usize) < nodes),
            );
        }
    }
    building
}
