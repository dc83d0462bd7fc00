"""The six-step work flow: data up, a subset down, a script tried here, run there, results back."""
