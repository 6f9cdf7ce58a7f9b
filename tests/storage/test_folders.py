"""What counts as the content of a folder."""

from __future__ import annotations

from rlsys.storage.folders import CACHE_TAG, files_below

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# made by a build tool\n"


def names(folder):
    return [path.relative_to(folder).as_posix() for path in files_below(folder)]


def test_files_of_all_depths_and_links_but_no_folders(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "d.txt").write_text("d")
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path) == ["a.txt", "b/c/d.txt", "dangling", "link"]


def test_a_tagged_cache_counts_as_empty(tmp_path):
    for name, tag in (("cache", TAG), ("mine", "Signature: something else"), ("plain", None)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "big.bin").write_bytes(b"x")
        if tag is not None:
            (tmp_path / name / CACHE_TAG).write_text(tag)
    assert names(tmp_path) == ["mine/CACHEDIR.TAG", "mine/big.bin", "plain/big.bin"]


def test_the_folder_itself_may_be_tagged(tmp_path):
    (tmp_path / CACHE_TAG).write_text(TAG)
    assert names(tmp_path) == [CACHE_TAG]
