"""The ways out of the outbox, one module each; e-mail so far, and the development mailbox."""
