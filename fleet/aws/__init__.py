"""The only importer of boto3 and botocore. Knows neither Django nor the database."""
