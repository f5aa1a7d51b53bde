"""Grid files: one module per format, each from a file to the tables of a grid."""
