"""Sound as it comes: feeds, the queue that never grows, the pipeline from blocks to results, live outputs."""
