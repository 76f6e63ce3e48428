//! GloVe: co-occurrence counts, and vectors fitted to their logarithms.
