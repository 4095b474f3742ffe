"""What the page is told: one type a message. `static/messages.d.ts` is written from here.

To change a message, change it here, then run `scripts/write_messages.py`. A name that something else in the
library has ends in `Message` here, and is without it there: `LayerMessage` is `Layer`.
"""
