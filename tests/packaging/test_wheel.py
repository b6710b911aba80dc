"""The built wheel: it holds every tracked file of the packages, and lives beside a user's own `pipeline` folder.

The build runs on a copy of the files that git knows or would take, so what else lies in the work tree never matters.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Folder in the tree -> folder in the wheel.
FOLDERS = {
    "sluicegate": "sluicegate",
    "adapters": "sluicegate/adapters",
    "perf": "sluicegate/perf",
    "pipeline": "sluicegate/pipeline",
    "stages": "sluicegate/stages",
}

USER_PROGRAM = """
import pipeline, sluicegate, sluicegate.pipeline
print(pipeline.__file__, sluicegate.__file__, sluicegate.pipeline.__file__, sep="\\n")
"""

LOAD_ENTRY_POINTS = """
from importlib.metadata import distribution
for entry in distribution("sluicegate").entry_points:
    print(entry.group, entry.name, entry.load().__module__.partition(".")[0])
"""


def run(*command, cwd: Path) -> str:
    """Run to the end without what this environment adds to Python's path, and give what was printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def tracked_files() -> list[Path]:
    """All files that git has or would add, links included, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [Path(name) for name in sorted(set(listed.stdout.split("\0"))) if name]
    return [name for name in names if os.path.lexists(ROOT / name)]


def files_to_ship() -> set[str]:
    """Each tracked file below the packages' folders, by its name in the wheel."""
    return {
        Path(FOLDERS[name.parts[0]], *name.parts[1:]).as_posix()
        for name in tracked_files()
        if name.parts[0] in FOLDERS and not (ROOT / name).is_symlink()
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Build a source distribution, and the wheel from that."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked_files():
        (source / name.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name, follow_symlinks=False)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", source / "dist", cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel, tmp_path_factory) -> Path:
    """Install the wheel into a fresh environment, which borrows all other packages from this one, and give its bin."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, symlinks=True)
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    # A folder named in a .pth file joins the end of the path, and its own .pth files stay unread: an editable install
    # of Sluicegate in this environment stays out of sight.
    site_packages = sysconfig.get_path("purelib", "venv", {"base": str(home)})
    Path(site_packages, "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")
    install = ["install", "--quiet", "--no-deps", "--no-index", wheel]
    run(sys.executable, "-m", "pip", "--python", home / "bin" / "python", *install, cwd=home)
    return home / "bin"


def test_every_folder_with_python_files_is_a_listed_package():
    folders = {Path(name).parent.as_posix().replace("/", ".") for name in files_to_ship() if name.endswith(".py")}
    assert folders == set(PROJECT["tool"]["setuptools"]["packages"])


def test_links_lead_to_the_folders_that_are_installed():
    package_dir = PROJECT["tool"]["setuptools"]["package-dir"]
    for folder, installed in FOLDERS.items():
        if folder != "sluicegate":
            assert os.readlink(ROOT / installed) == f"../{folder}"
            assert package_dir[installed.replace("/", ".")] == folder


def test_wheel_holds_exactly_the_tracked_files(wheel):
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name and not name.endswith("/")}
    assert shipped == files_to_ship()


def test_wheel_lives_beside_a_users_own_pipeline_folder(scripts, tmp_path):
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "__init__.py").touch()
    (tmp_path / "program.py").write_text(USER_PROGRAM)
    theirs, face, ours = run(scripts / "python", "program.py", cwd=tmp_path).splitlines()
    assert Path(theirs) == tmp_path / "pipeline" / "__init__.py"
    assert Path(face).is_relative_to(scripts.parent)
    assert Path(ours) == Path(face).parent / "pipeline" / "__init__.py"


def test_installed_entry_points_all_load(scripts, tmp_path):
    loaded = [line.split() for line in run(scripts / "python", "-c", LOAD_ENTRY_POINTS, cwd=tmp_path).splitlines()]
    declared = [["console_scripts", name] for name in PROJECT["project"]["scripts"]]
    declared += [[group, name] for group, names in PROJECT["project"]["entry-points"].items() for name in names]
    assert sorted(loaded) == sorted([*entry, "sluicegate"] for entry in declared)


def test_installed_command_tells_its_version(scripts, tmp_path):
    assert PROJECT["project"]["version"] in run(scripts / "sluicegate", "version", cwd=tmp_path)
