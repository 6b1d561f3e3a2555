"""Nothing is parsed before it is proven to be what a trusted key signed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from small_model import ROWS, model

from modelyard.errors import ModelyardError
from modelyard.errors.package import BadDigest, BadKey, BadPackage, NotEqual, UnknownFormat, UntrustedKey
from modelyard.package import load as loading
from modelyard.package.codec import encode
from modelyard.package.keys import PrivateKey, Trust, TrustedKey, trust_key
from modelyard.package.load import load
from modelyard.package.manifest import ARRAYS, DOCUMENT, MANIFEST, SIGNATURE, canonical, digest, entry, parse
from modelyard.package.sign import sign
from modelyard.package.write import write
from modelyard.scoring.engine import Scorer

KEY = PrivateKey.generate()
TRUST = Trust.of(KEY)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    write(model(), tmp_path / "package", KEY)
    return tmp_path / "package"


@pytest.fixture
def unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails the test when a byte of the model is parsed."""

    def parsed(*_: object) -> None:
        pytest.fail("the model was parsed before it was proven")

    monkeypatch.setattr(loading, "decode", parsed)


def test_a_loaded_model_scores_bit_for_bit_like_the_saved_one(package: Path) -> None:
    loaded = load(package, TRUST, digest=digest((package / MANIFEST).read_bytes()), name="late")
    ours, theirs = Scorer(loaded.program).table(ROWS), Scorer(model().program).table(ROWS)
    assert ours.scores.tobytes() == theirs.scores.tobytes()
    assert ours.prediction.tolist() == theirs.prediction.tolist()
    assert loaded.evidence == model().evidence


def test_the_same_model_is_the_same_package_and_writing_it_again_changes_nothing(package: Path) -> None:
    before = (package / SIGNATURE).stat().st_mtime_ns
    assert write(model(), package, KEY) == digest((package / MANIFEST).read_bytes())
    assert (package / SIGNATURE).stat().st_mtime_ns == before
    assert [path.name for path in package.parent.iterdir()] == ["package"]


def test_every_byte_flipped_once_is_refused_before_the_model_is_parsed(package: Path, unparsed: None) -> None:
    flips = 0
    for path in sorted(package.iterdir()):
        good = path.read_bytes()
        for place in range(len(good)):
            path.write_bytes(good[:place] + bytes([good[place] ^ (1 << place % 8)]) + good[place + 1 :])
            with pytest.raises((BadPackage, UntrustedKey)):
                load(package, TRUST)
            flips += 1
        path.write_bytes(good)
    assert flips > 4000


def test_every_truncation_at_the_ends_is_refused(package: Path, unparsed: None) -> None:
    for path in sorted(package.iterdir()):
        good = path.read_bytes()
        for length in {0, 1, len(good) // 2, len(good) - 1}:
            path.write_bytes(good[:length])
            with pytest.raises((BadPackage, UntrustedKey)):
                load(package, TRUST)
        path.write_bytes(good + b"\n")
        with pytest.raises((BadPackage, UntrustedKey)):
            load(package, TRUST)
        path.write_bytes(good)


def _file(name: str) -> Callable[[Path], object]:
    return lambda package: (package / name).write_bytes(b"{}")


TAMPERINGS: dict[str, Callable[[Path], object]] = {
    "an extra file": _file("extra.json"),
    "a Python file": _file("lightgbm.py"),
    "a hidden file": _file(".gitattributes"),
    "a name of another case": _file("MODEL.json"),
    "a long name": _file("a" * 200 + ".json"),
    "a Windows path": _file("C:\\x.json"),
    "a folder": lambda package: (package / "more").mkdir(),
    "a pipe": lambda package: (os.unlink(package / ARRAYS), os.mkfifo(package / ARRAYS)),
    "a symlink": lambda package: (shutil.move(package / ARRAYS, package.parent / "a"),
                                  (package / ARRAYS).symlink_to(package.parent / "a")),
    "a hard link": lambda package: os.link(package / ARRAYS, package.parent / "b"),
    "no arrays": lambda package: os.unlink(package / ARRAYS),
    "no manifest": lambda package: os.unlink(package / MANIFEST),
    "no signature": lambda package: os.unlink(package / SIGNATURE),
    "an empty signature": lambda package: (package / SIGNATURE).write_bytes(b""),
    "no signatures in it": lambda package: (package / SIGNATURE).write_bytes(sign((package / MANIFEST).read_bytes())),
    "a signature of another key": lambda package: (package / SIGNATURE).write_bytes(
        sign((package / MANIFEST).read_bytes(), PrivateKey.generate())),
    "a huge signature": lambda package: (package / SIGNATURE).write_bytes(b" " * 100_000),
    "ten thousand entries": lambda package: [_file(f"e{n}.json")(package) for n in range(10_000)],
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_package_with_anything_else_than_what_was_signed_is_refused(name: str, package: Path, unparsed: None) -> None:
    TAMPERINGS[name](package)
    with pytest.raises((BadPackage, UntrustedKey)):
        load(package, TRUST)


def test_a_package_reached_through_a_link_is_refused(package: Path, unparsed: None) -> None:
    link = package.parent / "link"
    link.symlink_to(package)
    with pytest.raises(BadPackage):
        load(link, TRUST)


def resigned(package: Path, change: Callable[[bytes], bytes]) -> None:
    manifest = change((package / MANIFEST).read_bytes())
    (package / MANIFEST).write_bytes(manifest)
    (package / SIGNATURE).write_bytes(sign(manifest, KEY))


@pytest.mark.parametrize("name", ["../x.json", "/etc/passwd", "model.json/..", "a.json\0.bin"])
def test_a_signed_manifest_cannot_name_a_path(name: str, package: Path, unparsed: None) -> None:
    def change(data: bytes) -> bytes:
        manifest = parse(data)
        return canonical(replace(manifest, files={**manifest.files, name: entry(b"")}))

    resigned(package, change)
    with pytest.raises(BadPackage):
        load(package, TRUST)


def test_another_format_and_unknown_fields_are_refused(package: Path, unparsed: None) -> None:
    resigned(package, lambda data: canonical(replace(parse(data), format=2)))
    with pytest.raises(UnknownFormat):
        load(package, TRUST)
    resigned(package, lambda data: data.replace(b'"format":2', b'"format":1,"more":1'))
    with pytest.raises(BadPackage):
        load(package, TRUST)


def test_an_older_signed_package_in_the_place_of_a_newer_one_is_refused(package: Path, unparsed: None) -> None:
    newer = write(replace(model(), created=2), package.parent / "newer", KEY)
    with pytest.raises(BadDigest):
        load(package, TRUST, digest=newer)
    with pytest.raises(BadPackage):
        load(package, TRUST, name="other")


def _trust(**more: object) -> Trust:
    fields = {"public": KEY.public.hex(), **more}
    return Trust.of(msgspec.convert(fields, TrustedKey))


@pytest.mark.parametrize(
    "trust",
    [
        Trust({}),
        _trust(revoked=True),
        _trust(not_after=1),
        _trust(not_before=2**60),
        _trust(models=["other-*"]),
        Trust.of(PrivateKey.generate()),
        Trust({KEY.id: TrustedKey(public=PrivateKey.generate().public.hex())}),
    ],
)
def test_only_a_key_trusted_for_this_model_at_this_time_counts(trust: Trust, package: Path, unparsed: None) -> None:
    with pytest.raises(UntrustedKey):
        load(package, trust)


def test_a_file_swapped_after_its_check_changes_nothing(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = loading.decode

    def swap_first(encoded: object, kind: object) -> object:
        (package / DOCUMENT).write_bytes(b"null")
        (package / ARRAYS).write_bytes(b"")
        return real(encoded, kind)

    monkeypatch.setattr(loading, "decode", swap_first)
    assert load(package, TRUST).name == "late"


def test_a_package_whose_own_rows_are_answered_otherwise_here_is_refused(tmp_path: Path) -> None:
    good = model()
    assert good.parity is not None
    scores = good.parity.scores.copy()
    scores[2, 1] = np.nextafter(scores[2, 1], 1)
    write(replace(good, parity=replace(good.parity, scores=scores)), tmp_path / "off", KEY)
    with pytest.raises(NotEqual, match="row 2"):
        load(tmp_path / "off", TRUST)
    elsewhere = replace(good.parity, scores=scores, processor="another", bounds=np.full_like(scores, 1e-15))
    write(replace(good, parity=elsewhere), tmp_path / "elsewhere", KEY)
    assert load(tmp_path / "elsewhere", TRUST).name == "late"


def test_keys_are_private_made_once_and_trusted_by_their_store(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    made = PrivateKey.ensure(keys)
    assert PrivateKey.ensure(keys).id == made.id
    assert Trust.read(keys / "trusted").keys.keys() == {made.id}
    assert [path.stat().st_mode & 0o777 for path in (keys, keys / "signing.pem")] == [0o700, 0o600]
    (keys / "signing.pem").chmod(0o644)
    with pytest.raises(BadKey):
        PrivateKey.read(keys)
    trust_key(keys / "trusted", TrustedKey(public="zz"[:0] + "00" * 32))
    (keys / "trusted" / "odd.json").write_text("{}")
    with pytest.raises(ModelyardError):
        Trust.read(keys / "trusted")


WATCHED = """
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)))
from pathlib import Path
from modelyard.package.keys import Trust
from modelyard.package.load import load
folder, trust = Path(sys.argv[1]), Trust.read(Path(sys.argv[2]))
load(folder, trust)
events = {event for event, args in seen}
assert not events & {"pickle.find_class", "subprocess.Popen", "os.system", "socket.connect"}, events
seen.clear()
model = load(folder, trust)
events = {event for event, args in seen}
assert events <= {"open", "os.scandir", "os.listdir"}, events
heavy = {"polars", "sklearn", "lightgbm", "sqlalchemy", "deltalake", "dbos", "scipy", "pandas"} & set(sys.modules)
assert not heavy, heavy
print(model.name)
"""


def test_loading_unpickles_nothing_starts_nothing_and_imports_nothing_heavy(package: Path, tmp_path: Path) -> None:
    trust_key(tmp_path / "trusted", TrustedKey(public=KEY.public.hex()))
    command = [sys.executable, "-c", WATCHED, str(package), str(tmp_path / "trusted")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "late\n", done.stderr


def test_the_document_holds_no_code_and_the_manifest_is_canonical(package: Path) -> None:
    manifest = (package / MANIFEST).read_bytes()
    assert canonical(parse(manifest)) == manifest
    assert sorted(path.name for path in package.iterdir()) == [ARRAYS, MANIFEST, DOCUMENT, SIGNATURE]
    assert encode(model()).document == (package / DOCUMENT).read_bytes()
