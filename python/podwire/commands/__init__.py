"""What each verb does, one file a noun, and the show engine that every noun shares.

Called with plain words and values by whoever speaks to people or programs (`api`, `app`); knows neither HTTP nor
terminals. Changes go to the configuration store first, then to the engine.
"""
