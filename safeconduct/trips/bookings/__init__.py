"""Readers of booking documents: mails, web pages, calendars, boarding passes as text, barcode and wallet pass.

Pure: no ORM, no network, no clock; the date that a document came in and what is known of places are arguments. Two
steps. `containers.read_document` turns bytes into findings: reservations in schema.org's words as they are written,
with the reader's name; for what strangers wrote it runs in a child with limits (`reading`). `settling` turns findings
into `Reservation`s with local times, zones and problems; `merging` puts together what several readers found of one.

The rule of all of it: never wrong and presented as sure. What is inferred, ambiguous or contradicted is a `Problem`.
It refuses to know senders: rules for one company's wording age; `kitinerary-extractor`, where it is installed, has them.
"""
