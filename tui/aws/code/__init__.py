"""Recorded calls as boto3 Python and as AWS CLI lines."""
