//! What stands below the options in each `--help`: examples and exit codes.

/// Below `search --help`.
pub const SEARCH: &str = "\
Examples:
  search \"symptoms of diabetes\"                 the best ten, words and meanings together
  search heart attack warning signs -k 3        quotes are not needed
  search --mode bm25 \"metformin 500 mg\"         words only, no model loaded
  search \"swollen ankles\" --where 'kind = condition and aspect in (symptoms, causes)'
  search \"swollen ankles\" --where 'not topic in (gout, asthma)' --where 'kind != drug'
  search --json \"swollen ankles\" | jq -r .id    for programs
  search -- eval                                the word \"eval\" itself; or: search --query eval
  search eval --queries queries.jsonl --qrels qrels.tsv
  search tsne --out map.html --color-by topic

Results go to stdout, messages and times to stderr. In plain text, matching words are bold on a terminal (unless \
NO_COLOR is set) and marked **so** elsewhere.

--where: a column, then =, !=, <, <=, >, >= and a value, or in (value, value); exists(column); joined by and, or, \
not and parentheses. A word that is a number is compared as a number, all else as text; \"quotes\" hold blanks and \
signs, and make any word a text or a column's name. ISO dates order as texts. != also finds documents without the \
column. id, title and text are no such columns and are refused: an index keeps only the corpus's other columns for \
filters, and titles and texts are what the query itself searches.

Exit codes: 0 hits, 1 no hits, 2 error.";

/// Below `search eval --help`.
pub const EVAL: &str = "\
Examples:
  search eval --queries data/medical/test/queries.jsonl --qrels data/medical/test/qrels.tsv
  search eval --index corpus.index --queries q.jsonl --qrels q.tsv --json
  search eval --queries q.jsonl --qrels q.tsv --where 'aspect = symptoms'

With --where only documents that match are searched, and only judgements of these count.

Prints nDCG@10, MRR@10 and recall@1, @10 and @100 for each mode: means over the queries that are in both files and \
have a relevant document.

Exit codes: 0 done, 2 error.";

/// Below `search tsne --help`.
pub const TSNE: &str = "\
Examples:
  search tsne --out map.html --color-by topic   open it in a browser: zoom, pan, hover
  search tsne --out map.html --dims 3           drag to turn it
  search tsne --out map.png --perplexity 15
  search tsne --out map.html --where 'aspect = symptoms' --color-by topic
  search tsne --out map.csv --seed 7 --force    id, x, y, category, title

The same seed on the same index gives the same map, byte for byte on one machine; for that the positions are \
computed on one core (finding neighbours uses all). Distances between far clusters, and the axes, mean nothing in a \
t-SNE map. Ctrl-C writes nothing.

Exit codes: 0 done, 2 error, 130 interrupted.";
