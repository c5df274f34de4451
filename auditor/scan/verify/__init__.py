"""Whether the text of rows fits the generator they name: `audit scan --verify-generator`."""
