//! Recall against speed.

use serde_json::{Value, json};

/// Recalls that tools are compared at.
pub const RECALLS: [f64; 4] = [0.9, 0.95, 0.99, 0.999];

/// What one width of search gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The width.
    pub ef: usize,
    /// Recall@10, 0 to 1.
    pub recall: f64,
    /// Queries a second.
    pub speed: f64,
}

/// Points with growing width.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    points: Vec<Point>,
}

impl Curve {
    /// `points` in the order of their widths.
    pub fn new(points: Vec<Point>) -> Self {
        Curve { points }
    }

    /// The points.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Takes each speed that is higher in another run of the same index.
    pub fn take_faster(&mut self, other: &Curve) {
        for point in &mut self.points {
            let same = other.points.iter().find(|other| other.ef == point.ef);
            point.speed = point.speed.max(same.map_or(0.0, |same| same.speed));
        }
    }

    /// Queries a second at a recall: the fastest point that reaches it, or between a point below and the next above,
    /// where the logarithm of the speed falls evenly with recall. None where no width reaches it.
    pub fn speed_at(&self, recall: f64) -> Option<f64> {
        let reached = self
            .points
            .iter()
            .filter(|point| point.recall >= recall)
            .map(|point| point.speed);
        let crossings = self.points.windows(2).filter_map(|pair| match *pair {
            [below, above] if below.recall < recall && above.recall > recall => {
                let part = (recall - below.recall) / (above.recall - below.recall);
                Some((below.speed.ln() * (1.0 - part) + above.speed.ln() * part).exp())
            }
            _ => None,
        });
        reached.chain(crossings).max_by(f64::total_cmp)
    }

    /// Speeds at the recalls, for the terminal.
    pub fn in_words(&self) -> String {
        let at = |&recall: &f64| match self.speed_at(recall) {
            Some(speed) => format!("{recall}: {speed:.0}/s"),
            None => format!("{recall}: –"),
        };
        RECALLS.iter().map(at).collect::<Vec<_>>().join(" ")
    }

    /// The points as JSON.
    pub fn json(&self) -> Value {
        let each = |point: &Point| json!({"ef": point.ef, "recall": point.recall, "queries_per_second": point.speed});
        self.points.iter().map(each).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Curve {
        let point = |(i, &(recall, speed)): (usize, &(f64, f64))| Point {
            ef: 10 * (i + 1),
            recall,
            speed,
        };
        Curve::new(points.iter().enumerate().map(point).collect())
    }

    #[test]
    fn between_two_points_the_logarithm_is_interpolated() {
        let curve = curve(&[(0.8, 1000.0), (0.96, 10.0), (0.99, 5.0)]);
        let half = curve.speed_at(0.88).unwrap();
        assert!((half - 100.0).abs() < 1e-6, "{half}");
        assert_eq!(curve.speed_at(0.96), Some(10.0));
        assert_eq!(curve.speed_at(0.999), None);
    }

    #[test]
    fn below_the_first_point_nothing_is_invented() {
        assert_eq!(curve(&[(0.95, 70.0), (0.99, 30.0)]).speed_at(0.9), Some(70.0));
        assert_eq!(curve(&[]).speed_at(0.9), None);
    }

    #[test]
    fn the_faster_of_two_turns_counts() {
        let mut first = curve(&[(0.9, 70.0), (0.99, 30.0)]);
        first.take_faster(&curve(&[(0.9, 60.0), (0.99, 40.0)]));
        assert_eq!(first, curve(&[(0.9, 70.0), (0.99, 40.0)]));
    }
}
