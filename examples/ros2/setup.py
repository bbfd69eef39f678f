"""Built by colcon; anydoa itself comes from pip."""

from setuptools import setup

setup(
    name="anydoa_ros",
    version="0.1.0",
    py_modules=["anydoa_node"],
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/anydoa_ros"]),
        ("share/anydoa_ros", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    entry_points={"console_scripts": ["anydoa_node = anydoa_node:main"]},
)
