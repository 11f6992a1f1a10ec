"""The store: tables, their migrations, one writer, and every question asked of them."""
