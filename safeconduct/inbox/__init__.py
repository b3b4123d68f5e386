"""One inbox of bookings per traveller: documents that come by mail, upload or hand-in, and the trips they become.

It reads nothing itself (trips/bookings does, in a child with limits) and writes no trip itself (trips/actions does). What
is not sure, or not proved to come from the person, waits for that person.
"""
