"""What a person sees in a terminal, without an editor."""
