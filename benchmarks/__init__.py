"""What a poll, an answer and an idle service cost. See README.md in this folder."""
