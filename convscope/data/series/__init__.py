"""One table with a time column: columns, dates, order, windows of rows, features, targets."""
