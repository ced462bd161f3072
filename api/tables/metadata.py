"""Where all tables of ops_db are declared."""

from sqlalchemy import MetaData

metadata = MetaData()
