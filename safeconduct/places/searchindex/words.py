"""Words that say what is looked for and are no part of its name, folded. Read by `ranking.py`; refuses names of places."""

# Left out when a name with them leads nowhere.
_LITTLE = (
    "a al and au d da das de del dell der des"
    " di die do dos du e el et in l la las"
    " le les los of the und von y"
)
# "Airport" as people write it beside a city, in the languages of the main airports' countries.
_AIRPORT = (
    "airport aeroport aeropuerto aeroporto aerodrome flughafen luchthaven vliegveld lufthavn"
    " flygplats flyplass lentoasema lotnisko letiste letisko repuloter aeroportul havalimani"
    " havaalani bandara аэропорт аеропорт летище аеродром αεροδρομιο αεροπορικος 空港"
    " 机场 機場 공항 مطار فرودگاه שדה สนามบิน विमानक्षेत्र हवाईअड्डा"
)

LITTLE_WORDS = frozenset(_LITTLE.split())
AIRPORT_WORDS = frozenset(_AIRPORT.split())
