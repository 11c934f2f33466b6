"""The kinds of datastores that Azure ML has and Runyard has not: asking for one says what there is instead."""

from __future__ import annotations

from typing import NoReturn

from runyard.sdk.exceptions import UserErrorException

FILES = "Copy the files to S3, Azure Blob, Google Cloud Storage, SFTP or a directory, and register that."
ROWS = "Write the query's result to Parquet, upload it, and use Dataset.Tabular.from_parquet_files."


class DatastoreRefusals:
    """The `register_…` methods of kinds that are not served. Each raises UserErrorException, whatever it is given."""

    @classmethod
    def register_azure_file_share(cls, *args: object, **kwargs: object) -> NoReturn:
        """Not served."""
        raise _refused("file shares of Azure", FILES)

    @classmethod
    def register_azure_data_lake(cls, *args: object, **kwargs: object) -> NoReturn:
        """Not served; its storage was retired."""
        raise _refused("Azure Data Lake of the first generation", FILES)

    @classmethod
    def register_azure_data_lake_gen2(cls, *args: object, **kwargs: object) -> NoReturn:
        """Not served by that name: the same account answers as Blob Storage."""
        raise _refused(
            "Azure Data Lake by a service principal",
            "The same account answers as Blob Storage: register_azure_blob_container with its key or a SAS token.",
        )

    @classmethod
    def register_azure_sql_database(cls, *args: object, **kwargs: object) -> NoReturn:
        """Not served."""
        raise _refused("databases", ROWS)

    @classmethod
    def register_azure_postgre_sql(cls, *args: object, **kwargs: object) -> NoReturn:
        """Not served."""
        raise _refused("databases", ROWS)

    @classmethod
    def register_azure_my_sql(cls, *args: object, **kwargs: object) -> NoReturn:
        """Not served."""
        raise _refused("databases", ROWS)

    @classmethod
    def register_dbfs(cls, *args: object, **kwargs: object) -> NoReturn:
        """Not served."""
        raise _refused("the file system of Databricks", FILES)


def _refused(what: str, instead: str) -> UserErrorException:
    return UserErrorException(f"Datastores for {what} are not supported. {instead}")
