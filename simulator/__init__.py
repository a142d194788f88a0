"""A stand-alone simulator of the AWS services that a fleet of SageMaker endpoints needs (see README.md)."""
