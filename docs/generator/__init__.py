"""What is made from the operation table: stub, namespaces, reference and coverage."""
