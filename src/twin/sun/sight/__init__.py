"""What surfaces see of the sky and of the ground: patches, rays, and what stands in their way."""
