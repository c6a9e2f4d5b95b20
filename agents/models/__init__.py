"""Where models answer from: one provider a file."""
