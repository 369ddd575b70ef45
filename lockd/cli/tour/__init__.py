"""A narrated tour of a simulated lock, which checks that everything happens as told."""
