"""GpuCluster for every Pulumi language: the component provider and its schema."""
