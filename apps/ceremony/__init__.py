"""Key ceremonies: said beforehand in one reviewed file, held exactly so, and told afterwards in a transcript."""
