"""Kernels of the buildings wing: arrays in, arrays out."""
