"""AWS: the only package that imports boto3. Raw answers stop here; records go up."""
