//! Counts of all other pairs: a hash table that grows to its bound and is then spilled.

use memmap2::MmapMut;

use super::entry::Entry;
use crate::error::{Result, WordsError};

/// Entries of the first table.
const SMALLEST: usize = 1 << 10;

/// Entries at their hash, or at the next free place behind it.
#[derive(Debug)]
pub(super) struct Table {
    memory: MmapMut,
    /// Entries in it.
    used: usize,
    /// Entries at which it grows.
    full: usize,
    /// Bytes that it may have, old and new table together while it grows.
    bound: usize,
}

impl Table {
    pub(super) fn new(bound: usize) -> Result<Self> {
        let memory = memory(SMALLEST * size_of::<Entry>())?;
        Ok(Table {
            memory,
            used: 0,
            full: full(SMALLEST),
            bound,
        })
    }

    /// Adds the entry's weight to its pair; false, and nothing added, if the table is full.
    #[inline]
    pub(super) fn add(&mut self, entry: Entry) -> Result<bool> {
        if self.used >= self.full && !self.grow()? {
            return Ok(false);
        }
        self.used += usize::from(put(bytemuck::cast_slice_mut(&mut self.memory), entry));
        Ok(true)
    }

    /// The entries by key; [`Table::clear`] has to follow.
    pub(super) fn sorted(&mut self) -> &[Entry] {
        let places: &mut [Entry] = bytemuck::cast_slice_mut(&mut self.memory);
        let mut next = 0;
        for at in 0..places.len() {
            if places[at].weight > 0 {
                places[next] = places[at];
                next += 1;
            }
        }
        let entries = &mut places[..next];
        entries.sort_unstable_by_key(Entry::key);
        entries
    }

    /// Empties the table and keeps its size.
    pub(super) fn clear(&mut self) {
        self.memory.fill(0);
        self.used = 0;
    }

    /// Doubles the table where its bound allows that.
    fn grow(&mut self) -> Result<bool> {
        let bytes = self.memory.len();
        if 3 * bytes > self.bound {
            return Ok(false);
        }
        let mut larger = memory(2 * bytes)?;
        let places: &mut [Entry] = bytemuck::cast_slice_mut(&mut larger);
        self.full = full(places.len());
        for &entry in bytemuck::cast_slice::<u8, Entry>(&self.memory) {
            if entry.weight > 0 {
                put(places, entry);
            }
        }
        self.memory = larger;
        Ok(true)
    }
}

/// Two thirds: beyond that, searches for a free place grow long.
fn full(places: usize) -> usize {
    places / 3 * 2
}

/// Whether the entry is new. There has to be a free place, and the places are a power of two.
#[inline]
fn put(places: &mut [Entry], entry: Entry) -> bool {
    let mask = places.len() - 1;
    // Both halves of the product together depend on all bits of the key.
    let product = u128::from(entry.key()) * 0x9e37_79b9_7f4a_7c15;
    let mut at = ((product >> 64) ^ product) as usize & mask;
    loop {
        let place = &mut places[at];
        if place.weight == 0 {
            *place = entry;
            return true;
        }
        if place.key() == entry.key() {
            place.weight = place.weight.saturating_add(entry.weight);
            return false;
        }
        at = (at + 1) & mask;
    }
}

/// So many zero bytes, in huge pages where the system gives them: the places are visited at random.
pub(super) fn memory(bytes: usize) -> Result<MmapMut> {
    let memory = MmapMut::map_anon(bytes.max(size_of::<Entry>())).map_err(|error| {
        WordsError::Setting(format!(
            "{bytes} bytes for counting cannot be had: {error}; lower memory_mb"
        ))
    })?;
    #[cfg(target_os = "linux")]
    {
        // A hint: without huge pages everything works, slower.
        let _ = memory.advise(memmap2::Advice::HugePage);
    }
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_grows_to_its_bound_and_says_when_it_is_full() {
        let mut table = Table::new(3 * 4096 * size_of::<Entry>()).unwrap();
        let mut pairs = 0_u32;
        while table.add(Entry::new(pairs % 97, pairs / 97 + 97, 1)).unwrap() {
            assert!(table.add(Entry::new(pairs / 97 + 97, pairs % 97, 2)).unwrap() || pairs > 5000);
            pairs += 1;
        }
        assert!((5000..=8192).contains(&pairs), "{pairs}");
        let entries = table.sorted();
        assert_eq!(entries.len() as u32, pairs);
        assert!(entries.windows(2).all(|pair| pair[0].key() < pair[1].key()));
        assert!(entries[..100].iter().all(|entry| entry.weight == 3));
        table.clear();
        assert!(table.add(Entry::new(1, 2, 1)).unwrap());
        assert_eq!(table.sorted(), [Entry::new(1, 2, 1)]);
    }
}
