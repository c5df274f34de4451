"""What licences and terms say about a dataset, and about the models that wrote it; offline, no legal advice.

Leaves out reading a dataset.
"""
