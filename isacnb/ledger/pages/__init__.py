"""The generated views: each makes HTML or Markdown of the ledger, or the record, that it is given."""
