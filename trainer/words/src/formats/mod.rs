//! Word vectors in and out of files, in the formats of the field.
