//! A map as a picture: points left, legend right, and no axes, since a t-SNE map's mean nothing.
//!
//! The font comes with the program (Ubuntu Light, by `epaint_default_fonts`), so that a picture looks the
//! same on a server without any. PNG is drawn at twice its size and averaged down: plotters draws pixels
//! whole or not at all, and round points need something in between.

use std::sync::LazyLock;

use epaint_default_fonts::UBUNTU_LIGHT;
use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use super::{Group, Map, MapError};
use crate::output::grouped;

/// Width and height, in pixels of the finished picture.
const SIZE: (i32, i32) = (1600, 1200);
/// Width of the legend, in such pixels.
const LEGEND: i32 = 380;
/// Blank rim of the picture.
const MARGIN: i32 = 40;
/// Height of title and subtitle.
const HEADER: i32 = 110;
/// Height of a line of the legend.
const LINE: i32 = 38;
/// Whatever the viewer has, in SVG; in PNG the font under this name is ours.
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const PALE_INK: RGBColor = RGBColor(0x66, 0x66, 0x66);
const PAPER: RGBColor = RGBColor(0xfa, 0xfa, 0xfa);
const FRAME: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// Registers the font once for the whole program.
static FONT_READY: LazyLock<bool> =
    LazyLock::new(|| register_font(FONT, FontStyle::Normal, UBUNTU_LIGHT).is_ok());

/// The map, of two dimensions, as SVG.
///
/// # Errors
/// The drawing library refuses.
pub fn svg(map: &Map) -> Result<String, MapError> {
    let mut text = String::new();
    let size = (SIZE.0 as u32, SIZE.1 as u32);
    Canvas {
        area: SVGBackend::with_string(&mut text, size).into_drawing_area(),
        scale: 1,
    }
    .draw(map)?;
    Ok(text)
}

/// The map, of two dimensions, as PNG.
///
/// # Errors
/// The drawing library refuses.
pub fn png(map: &Map) -> Result<Vec<u8>, MapError> {
    const SCALE: i32 = 2;
    let (width, height) = ((SIZE.0 * SCALE) as u32, (SIZE.1 * SCALE) as u32);
    let mut pixels = vec![0; (width * height * 3) as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
    Canvas { area, scale: SCALE }.draw(map)?;
    encode(&halved(&pixels, width as usize)).map_err(refused)
}

/// Averages 2 × 2 pixels of three bytes into one.
fn halved(pixels: &[u8], width: usize) -> Vec<u8> {
    let stride = 3 * width;
    let mut small = Vec::with_capacity(pixels.len() / 4);
    for rows in pixels.chunks_exact(2 * stride) {
        let (upper, lower) = rows.split_at(stride);
        for (above, below) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for channel in 0..3 {
                let around = [
                    above[channel],
                    above[channel + 3],
                    below[channel],
                    below[channel + 3],
                ];
                small.push((around.into_iter().map(u16::from).sum::<u16>() / 4) as u8);
            }
        }
    }
    small
}

fn encode(pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIZE.0 as u32, SIZE.1 as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

fn refused(error: impl std::fmt::Display) -> MapError {
    MapError::Drawing(error.to_string())
}

/// Where to draw, and how many of its pixels make one of the finished picture.
struct Canvas<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    scale: i32,
}

impl<B: DrawingBackend> Canvas<B> {
    fn draw(&self, map: &Map) -> Result<(), MapError> {
        if !*FONT_READY {
            return Err(refused("the built-in font is damaged"));
        }
        self.area.fill(&WHITE).map_err(refused)?;
        self.text(&map.title, (MARGIN, MARGIN - 8), 40, &INK)?;
        self.text(&map.subtitle, (MARGIN, MARGIN + 38), 26, &PALE_INK)?;
        let legend = if map.colored_by.is_some() { LEGEND } else { 0 };
        self.points(map, SIZE.0 - MARGIN - legend)?;
        if let Some(column) = &map.colored_by {
            self.legend(column, &map.groups.legend)?;
        }
        self.area.present().map_err(refused)
    }

    /// The points, in a frame that ends at `right`; grey groups below the coloured ones.
    fn points(&self, map: &Map, right: i32) -> Result<(), MapError> {
        let corners = [self.at((MARGIN, HEADER)), self.at((right, SIZE.1 - MARGIN))];
        self.add(Rectangle::new(corners, PAPER.filled()))?;
        self.add(Rectangle::new(corners, FRAME.stroke_width(self.scale as u32)))?;
        let radius = radius(map.labels.len());
        let fit = Fit::new(map, (MARGIN, right), (HEADER, SIZE.1 - MARGIN), 2.0 * radius);
        for row in painting_order(map) {
            let [red, green, blue] = map.groups.legend[map.groups.of_point[row]].color;
            let center = fit.pixel(map.positions.row(row), self.scale);
            let radius = (radius * f64::from(self.scale)).round() as i32;
            self.add(Circle::new(
                center,
                radius,
                RGBColor(red, green, blue).mix(0.8).filled(),
            ))?;
        }
        Ok(())
    }

    fn legend(&self, column: &str, groups: &[Group]) -> Result<(), MapError> {
        let left = SIZE.0 - LEGEND;
        self.text(&self.cut(column, LEGEND - MARGIN, 28)?, (left, HEADER), 28, &INK)?;
        for (group, line) in groups.iter().zip(1..) {
            let top = HEADER + 8 + line * LINE;
            let [red, green, blue] = group.color;
            let dot = Circle::new(
                self.at((left + 10, top + 8)),
                10 * self.scale,
                RGBColor(red, green, blue).filled(),
            );
            self.add(dot)?;
            let count = grouped(group.count);
            let counted = SIZE.0 - MARGIN - self.width(&count, 24)?;
            self.text(&count, (counted, top), 24, &PALE_INK)?;
            self.text(
                &self.cut(&group.name, counted - left - 46, 24)?,
                (left + 32, top),
                24,
                &INK,
            )?;
        }
        Ok(())
    }

    fn text(&self, text: &str, place: (i32, i32), size: i32, color: &RGBColor) -> Result<(), MapError> {
        let style = (FONT, size * self.scale).into_font().color(color);
        self.area.draw_text(text, &style, self.at(place)).map_err(refused)
    }

    /// Width of `text` in pixels of the finished picture.
    fn width(&self, text: &str, size: i32) -> Result<i32, MapError> {
        let (width, _) = (FONT, size).into_font().box_size(text).map_err(refused)?;
        Ok(width as i32)
    }

    /// As much of `text` as fits into `room`, with a sign where something is left out.
    fn cut(&self, text: &str, room: i32, size: i32) -> Result<String, MapError> {
        if self.width(text, size)? <= room {
            return Ok(text.to_owned());
        }
        let mut kept = text.to_owned();
        while kept.pop().is_some() && self.width(&format!("{kept}…"), size)? > room {}
        Ok(format!("{}…", kept.trim_end()))
    }

    fn at(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (x * self.scale, y * self.scale)
    }

    fn add<'a, E>(&self, element: E) -> Result<(), MapError>
    where
        for<'b> &'b E: PointCollection<'b, (i32, i32)>,
        E: Drawable<B> + 'a,
    {
        self.area.draw(&element).map_err(refused)
    }
}

/// Radius of a point, in pixels: the more points, the smaller.
fn radius(points: usize) -> f64 {
    (130.0 / (points.max(1) as f64).sqrt()).clamp(2.0, 9.0)
}

/// Grey first, so that no colour hides under it; within that a fixed shuffle, since an index is often
/// sorted by category, and the last category would cover the others.
fn painting_order(map: &Map) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..map.labels.len()).collect();
    let shuffled = |row: usize| (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    rows.sort_by_key(|row| (map.groups.of_point[*row] < map.groups.colored, shuffled(*row)));
    rows
}

/// Map → pixels: one scale for both axes, the map in the middle of its frame.
struct Fit {
    scale: f64,
    middle: (f64, f64),
    center: (f64, f64),
}

impl Fit {
    fn new(map: &Map, across: (i32, i32), down: (i32, i32), rim: f64) -> Self {
        let range = |axis: usize| {
            (0..map.labels.len())
                .map(|row| f64::from(map.positions.row(row)[axis]))
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                    (low.min(value), high.max(value))
                })
        };
        let ((left, right), (bottom, top)) = (range(0), range(1));
        let room = |side: (i32, i32)| f64::from(side.1 - side.0) - 2.0 * (rim + f64::from(MARGIN) / 2.0);
        let extent = |low: f64, high: f64| (high - low).max(f64::MIN_POSITIVE);
        Self {
            scale: (room(across) / extent(left, right)).min(room(down) / extent(bottom, top)),
            middle: ((left + right) / 2.0, (bottom + top) / 2.0),
            center: (
                f64::from(across.0 + across.1) / 2.0,
                f64::from(down.0 + down.1) / 2.0,
            ),
        }
    }

    /// Upwards on the map is upwards on the picture, whose rows count downwards.
    fn pixel(&self, position: &[f32], scale: i32) -> (i32, i32) {
        let x = self.center.0 + (f64::from(position[0]) - self.middle.0) * self.scale;
        let y = self.center.1 - (f64::from(position[1]) - self.middle.1) * self.scale;
        (
            (x * f64::from(scale)).round() as i32,
            (y * f64::from(scale)).round() as i32,
        )
    }
}
