"""Zone values -> demand -> purifier commands -> acknowledged -> reported; the rules of docs/messages.md."""
