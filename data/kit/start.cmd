@echo off
rem Installs continuity from this folder alone, without any network, and goes on with the kit's book.
rem   start.cmd [FOLDER] [options of continuity init, such as --signed-by KEY]
rem FOLDER is where program and home folder go; without one, continuity in your own folder.
setlocal EnableExtensions
set "here=%~dp0"
set "target=%USERPROFILE%\continuity"
set "first=%~1"
if "%first%"=="" goto python
if "%first:~0,1%"=="-" goto python
set "target=%~f1"
shift

:python
set "options="
:collect
if "%~1"=="" goto collected
set "options=%options% %1"
shift
goto collect
:collected
set "python="
py -@PYTHON@ -c "pass" >nul 2>nul && set "python=py -@PYTHON@"
if defined python goto kit
python -c "import sys; sys.exit('%%d.%%d' %% sys.version_info[:2] != '@PYTHON@')" >nul 2>nul && set "python=python"
if defined python goto kit
echo This kit needs Python @PYTHON@, which is not installed here.
if exist "%here%python" echo Run the installer in %here%python, then this file again.
exit /b 2

:kit
set "kit="
if exist "%here%..\manifest.json" set "kit=%here%.."
if not defined kit for %%f in ("%here%*.sealed" "%here%..\*.sealed") do set "kit=%%~ff"
if defined kit goto install
echo Neither an open kit nor a sealed one (.sealed) lies beside the folder program.
exit /b 2

:install
if exist "%target%\program\installed" goto begin
echo Installing into %target%\program ...
%python% -m venv --without-pip "%target%\program" || exit /b 1
for %%f in ("%here%wheels\pip-*.whl") do set "pip=%%~ff"
"%target%\program\Scripts\python.exe" "%pip%\pip" install --quiet --disable-pip-version-check --no-compile --no-index --find-links "%here%wheels" --no-deps --require-hashes --requirement "%here%@REQUIREMENTS@" || exit /b 1
rem Last: the command stands there long before the rest of a program whose installing was cut short.
type nul > "%target%\program\installed"

:begin
if not defined CONTINUITY_ACTOR set "CONTINUITY_ACTOR=%USERNAME%"
"%target%\program\Scripts\continuity.exe" init --from-kit "%kit%" --home "%target%\home" %options% || exit /b 1
echo Next: "%target%\program\Scripts\continuity.exe" --home "%target%\home" numbers status
