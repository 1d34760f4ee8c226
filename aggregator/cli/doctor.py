"""`doctor`: the health of the database, and the config against it."""

from __future__ import annotations

import click

from aggregator import logs
from aggregator.cli import exits
from aggregator.cli.options import config_option, load_config
from aggregator.cli.output import print_json
from aggregator.clock import now_ms
from aggregator.printable import escape
from aggregator.store import database_file
from aggregator.store.checkup import compare
from aggregator.store.doctor import examine
from aggregator.store.findings import Level, ok
from aggregator.store.repairs import repair


@click.command("doctor")
@click.option("--repair", "mend", is_flag=True, help="First mend what can be made again from what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
@config_option()
def doctor_command(*, mend: bool, as_json: bool) -> None:
    """Look at the health of the database.

    Also while the service runs. All of it is read: pages, indexes, rows without their counterpart; then
    files, disk, the config against what is stored, and backups. One line each. Ends with exit code 1 when
    there is a problem; warnings are none. Changes nothing, unless --repair is given.
    """
    logs.set_up(style="human", level="warning")
    config = load_config()
    database = database_file(config.service.database)
    now = now_ms()
    repaired = [ok("repair", done) for done in repair(database)] if mend and database.exists() else []
    findings = [*repaired, *examine(database, now=now), *compare(config, database, now=now)]
    for finding in findings:
        if as_json:
            print_json({"level": finding.level, "check": finding.check, "message": finding.message})
        else:
            click.echo(escape(f"{finding.level:<7}  {finding.check}: {finding.message}"))
    if any(finding.level is Level.PROBLEM for finding in findings):
        click.get_current_context().exit(exits.FAILED)
