"""A local AWS on loopback: moto, with what it lacks, recording and refusing what AWS refuses."""
