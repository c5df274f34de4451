"""MinHash: signatures of documents, candidates among millions of pairs, exact recounts. Arrays only."""
