"""What every layer may use: records, jobs, errors, formats, safe text. Standard library only."""
