//! The fields of a document as tantivy knows them, today and in earlier versions.
//!
//! Version 1 has no columns for filters. A field is known by its number, so what was there keeps its place.

use tantivy::schema::{
    Field, IndexRecordOption, JsonObjectOptions, STORED, STRING, Schema, SchemaBuilder, TextFieldIndexing,
    TextOptions,
};
use tantivy::tokenizer::RAW_TOKENIZER_NAME;

use crate::analysis;
use crate::filter::FilterFields;

/// The fields of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub id: Field,
    pub title: Field,
    pub text: Field,
    /// The whole document as JSON.
    pub document: Field,
    /// Not in version 1.
    pub filter: Option<FilterFields>,
}

/// What is written today.
pub(crate) fn current() -> (Schema, Fields) {
    let (mut builder, fields) = first();
    let exact = TextFieldIndexing::default()
        .set_tokenizer(RAW_TOKENIZER_NAME)
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    let columns = TextOptions::default().set_indexing_options(exact.clone());
    let values = JsonObjectOptions::default()
        .set_indexing_options(exact)
        .set_fast(RAW_TOKENIZER_NAME);
    let filter = FilterFields {
        columns: builder.add_text_field("columns", columns),
        values: builder.add_json_field("values", values),
    };
    let filter = Some(filter);
    (builder.build(), Fields { filter, ..fields })
}

/// The fields of an index with this schema, of whichever version; `None` where it is of none.
pub(crate) fn fields_of(schema: &Schema) -> Option<Fields> {
    let (now, fields) = current();
    if *schema == now {
        return Some(fields);
    }
    let (builder, fields) = first();
    (*schema == builder.build()).then_some(fields)
}

fn first() -> (SchemaBuilder, Fields) {
    let words = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(analysis::ANALYZER)
            .set_index_option(IndexRecordOption::WithFreqs),
    );
    let mut builder = Schema::builder();
    let fields = Fields {
        id: builder.add_text_field("id", STRING | STORED),
        title: builder.add_text_field("title", words.clone()),
        text: builder.add_text_field("text", words),
        document: builder.add_bytes_field("document", STORED),
        filter: None,
    };
    (builder, fields)
}
