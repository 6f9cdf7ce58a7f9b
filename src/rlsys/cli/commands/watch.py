"""`rlsys watch`: show episodes of a policy, or record them."""

from __future__ import annotations

from pathlib import Path

import click

from rlsys.cli.numbers import Count, CountFrom
from rlsys.cli.options import json_option, pass_work
from rlsys.descriptors import Requirement
from rlsys.plugins.workplace import Workplace

GYMNASIUM = Requirement(name="gymnasium", fix="pip install 'rlsys[gym]'")


@click.command("watch")
@click.argument("run_path", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--case", metavar="NAME", help="Case to show.  [default: the first]")
@click.option(
    "--episode",
    type=CountFrom(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Number of the first held-out episode.",
)
@click.option(
    "--episodes",
    type=CountFrom(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many episodes to show.",
)
@click.option("--seed", type=Count(), metavar="N", help="Training seed.  [default: the first]")
@click.option(
    "--video",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Record videos into this folder instead of opening a window.",
)
@json_option
@pass_work
def command(
    work: Workplace,
    /,
    run_path: Path,
    case: str | None,
    episode: int,
    episodes: int,
    seed: int | None,
    video: Path | None,
    as_json: bool,
) -> None:
    """Show held-out episodes of the policy in the run directory RUN.

    The environment must be able to render: in a window, as text, or for a video.
    """
    from rlsys.plugins.requirements import check_requirements

    check_requirements("rlsys watch", (GYMNASIUM,))
    from rlsys.api import Run
    from rlsys.api.watching import watch_request
    from rlsys.cli.output import print_json

    document = Run(run_path, work).unevaluated()
    for seen in watch_request(
        work, run_path, case=case, episode=episode, episodes=episodes, seed=seed, video=video,
        show=(lambda _: None) if as_json else click.echo,
    ):  # fmt: skip
        said = f"{seen.case}, episode {seen.number}: reward {seen.reward:z.2f}, {seen.length} steps"
        document["notes"].append(said)
        if seen.video is not None:
            document["artefacts"][seen.video.name] = str(seen.video)
            said += f", {seen.video}"
        if not as_json:
            click.echo(said)
    if as_json:
        print_json(document)
